"""How fast the machine itself is: the disk, the databases, and a web server without a product."""
