// SPDX-License-Identifier: Apache-2.0
//! The policy and the checks that ask nobody. What is asked is tested where the program is run.

mod diagnosis;
mod policy;
mod trust;
