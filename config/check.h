// SPDX-License-Identifier: BSD-3-Clause
// The checks that need more than one section. Inside config/ only.
#pragma once

#include "config/schema.h"

// Addresses against one another: interfaces, routes, translations (config/check_address.c).
void check_addresses(struct loader *l);

// The roles of tls-proxies and what they show to whom (config/check_tls.c); before check_ime.
void check_tls(struct loader *l);

// What UC-IME needs: media addresses, call managers, inspection (config/check_ime.c).
void check_ime(struct loader *l);

// What its mapping-service needs; `n` is the uc-ime's node (config/mapping.c).
void check_mapping(struct loader *l, const struct node *n, const struct config_ime *m);

// Whether `ip` is the network or the broadcast address of a subnet.
bool address_is_edge(const struct prefix *subnet, const struct ip_addr *ip);

// What already uses an address on an interface: writes it to `use` ("the address of interface
// inside") and returns true. Media addresses are looked at by the caller.
#define ADDRESS_USE_MAX 192
bool address_in_use(const struct loader *l, uint16_t iface, const struct ip_addr *ip, char *use);
