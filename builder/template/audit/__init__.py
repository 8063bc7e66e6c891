"""An independent look at a finished disk: is it sealed, and does it give nothing away?"""
