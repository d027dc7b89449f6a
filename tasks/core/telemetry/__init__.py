"""What dashboards of others are told: series, evaluation events, tracked runs."""
