// SPDX-License-Identifier: Apache-2.0
//! Nothing but tests, in `tests/it`: that `template.yaml` and the code that it deploys belong together.
