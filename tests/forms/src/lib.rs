// SPDX-License-Identifier: Apache-2.0
//! Tests alone: the forms of every released version are read by this one.
