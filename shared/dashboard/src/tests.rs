// SPDX-License-Identifier: Apache-2.0
//! Histories, pages and who is let in. The browser's part is in `tests/interop/test_dashboard.py`.

mod guard;
mod history;
mod pages;
mod stack;
mod world;
