// SPDX-License-Identifier: Apache-2.0
//! The canary function: a custom resource that plants canaries at deployment and removes them at the end.
