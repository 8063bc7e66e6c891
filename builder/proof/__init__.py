"""Is a finished disk fit to be published?"""
