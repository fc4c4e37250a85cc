"""`runner runs …`: a module for each subcommand, or for a few that are alike."""
