"""Documents with instructions hidden in them: what they are made from, how an instruction is worded, disguised and hidden, how files of
nine formats are written. `python -m bench.attack_documents` makes them, `python -m bench.injection` measures what they achieve."""
