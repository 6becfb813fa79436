//! Dibble runs Digdag's `.dig` workflows on one machine.

