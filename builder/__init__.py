"""Golden images of CentOS and its relatives, made by real unattended installs."""
