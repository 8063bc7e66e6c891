"""Where rooms meet: the build, and everything else that needs several of them."""
