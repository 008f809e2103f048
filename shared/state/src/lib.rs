// SPDX-License-Identifier: Apache-2.0
//! What is known of each probe from run to run, and what a new report changes. Pure.
