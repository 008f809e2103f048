// SPDX-License-Identifier: Apache-2.0
//! The state table, the report bucket and the queue of the deployed service.
