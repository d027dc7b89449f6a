"""From logged lines to interactions: formats, the join and the sample, as DuckDB SQL."""
