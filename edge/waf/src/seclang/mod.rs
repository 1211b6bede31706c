//! The rule language: lexer, parser and the loader that follows includes.
