"""What one would write instead of the warehouse: the same marts from the same rows.

Each peer is a script of its own, which runs in a process of its own:

    python bench/peers/by_hand.py --landing build/warehouse/landing --quarter 2019Q4 --out marts

It reads the landed Parquet and the seeds, and writes one Parquet file for each mart, and
`seconds.json`: what it took from the first row read to the last mart written.
"""
