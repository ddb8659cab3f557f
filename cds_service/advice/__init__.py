"""From a verdict to cards: what each hook says, how findings share cards, which orders are suggested. Pure."""
