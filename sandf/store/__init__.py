"""The *store* of store and forward: messages, jobs, the page ledger, faxes and their pages, history."""
