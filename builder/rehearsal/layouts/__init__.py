"""How media of EL releases boot and describe themselves: a layout for each kind of them."""
