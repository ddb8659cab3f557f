"""CDS Hooks for the service side: wire models, requests, discovery, feedback, errors.

Speaks 2.0 and 2.0.1, accepts clients of 1.x and 3.0. Drug-agnostic and free of input and output: no clock, no network,
no web framework, nothing of the rest of this package. Import from the modules:

* `models`, `wire`, `overrides`: build an answer and encode it
* `hooks`, `request`, `scopes`: read a call
* `templates`, `discovery`: publish services and their prefetch
* `feedback`: read what users did with the cards
* `errors`: refuse, with an OperationOutcome
* `base`, `empties`: what the models rest on
"""
