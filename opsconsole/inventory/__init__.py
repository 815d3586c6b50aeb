"""Where hosts come from: our YAML, OpenSSH configuration, Ansible, a list of names."""
