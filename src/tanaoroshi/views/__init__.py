"""Records made ready for people: plain page models and charts, in no language yet.

Everything here is a pure function of records. A page model holds strings as words
(:mod:`tanaoroshi.records.words`), numbers as text and as places on a scale, and charts as
Vega-Lite specifications; whoever renders it (:mod:`tanaoroshi.report`, a web page, a notebook)
decides on nothing.
"""
