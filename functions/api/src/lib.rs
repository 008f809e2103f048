// SPDX-License-Identifier: Apache-2.0
//! The API function: runs on demand, status and history.
