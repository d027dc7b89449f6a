"""What people look at: views of results and the page made of them."""
