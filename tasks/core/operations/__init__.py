"""Operations: what became of the records and of the judging."""
