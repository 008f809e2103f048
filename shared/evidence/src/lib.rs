// SPDX-License-Identifier: Apache-2.0
//! Signed, chained records of runs, and the packs that an auditor verifies offline.
