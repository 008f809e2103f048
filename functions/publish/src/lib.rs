// SPDX-License-Identifier: Apache-2.0
//! The publish function: what the state table learnt, told to whom it concerns.
