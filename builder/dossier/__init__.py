"""dossier.html: all that is known of one build, on one page."""
