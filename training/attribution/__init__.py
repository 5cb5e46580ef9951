"""Attribution: which columns of the panel move the model, how, and whether refits agree."""
