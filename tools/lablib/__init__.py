# SPDX-License-Identifier: BSD-3-Clause
"""The lab: two enterprises, an Internet and a telephone network between them, in network namespaces of
this machine. Used by tools/lab, tools/demo and test/system."""
