"""Labels by people: how a judge agrees with them, and its pass rates corrected by them."""
