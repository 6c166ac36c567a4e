//! Mail: what it is made of, and what is certain after each way a server can behave.
