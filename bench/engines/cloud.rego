# The rules of bench/policies.py as somebody who knows Rego would write them: every
# rule begins with the server, so that a question about one server reads little; what
# is looked up for each of many is a comprehension, which is evaluated once; and
# recursion, which Rego refuses, is a builtin's.
package cloud

disabled_project_server contains [s, p] if {
	some s, row in data.inv.server
	row[7] == "ACTIVE"
	p := row[2]
	data.inv.project[p][2] == "false"
}

world_open contains sg if {
	some sg, rules in data.inv.rules_of
	some rule in rules
	rule[6] == "0.0.0.0/0"
	rule[2] == "ingress"
	rule[3] == "tcp"
	rule[4] <= 22
	rule[5] >= 22
}

open_ssh contains [s, pt, sg] if {
	some s, row in data.inv.server
	row[7] == "ACTIVE"
	some port in data.inv.ports_of[s]
	pt := port[0]
	some sg in data.inv.groups_of[pt]
	world_open[sg]
}

exposed contains [s, sg] if {
	open_ssh[[s, pt, sg]]
	data.inv.network[data.inv.port[pt][2]][4] == "true"
}

has_zone contains s if {
	some s, tags in data.inv.tags_of
	some tag in tags
	tag[1] == "zone"
}

untagged contains s if {
	some s, row in data.inv.server
	row[7] == "ACTIVE"
	not has_zone[s]
}

zone_mismatch contains [s, z, hz] if {
	some s, row in data.inv.server
	some tag in data.inv.tags_of[s]
	tag[1] == "zone"
	z := tag[2]
	hz := data.inv.host[row[6]][1]
	z != hz
}

under_ram contains [s, f, i] if {
	some s, row in data.inv.server
	f := row[4]
	i := row[5]
	data.inv.flavor[f][3] < data.inv.image[i][4]
}

foreign_net contains [s, n] if {
	some s, row in data.inv.server
	some port in data.inv.ports_of[s]
	n := port[2]
	network := data.inv.network[n]
	network[3] == "false"
	network[2] != row[2]
}

long_name contains [s, l] if {
	some s, row in data.inv.server
	l := count(row[1])
	l > 15
}

fqdn contains [s, d] if {
	disabled_project_server[[s, p]]
	d := concat(".", [data.inv.server[s][1], data.inv.project[p][1]])
}

unencrypted contains [v, s] if {
	some s, row in data.inv.server
	row[7] == "ACTIVE"
	p := row[2]
	data.inv.project[p][4] == "pci"
	some volume in data.inv.volumes_of[s]
	volume[3] == "false"
	volume[4] == p
	v := volume[0]
}

sg_used := {sg | some sgs in data.inv.groups_of; some sg in sgs}

unused_sg contains [sg, p] if {
	some sg, row in data.inv.secgroup
	not sg in sg_used
	p := row[2]
}

disabled_owner contains [s, u] if {
	some s, row in data.inv.server
	u := row[3]
	data.inv.user[u][3] == "false"
}

low_ratio contains [s, m] if {
	some s, row in data.inv.server
	row[7] == "ACTIVE"
	flavor := data.inv.flavor[row[4]]
	m := flavor[2] * 16384
	flavor[3] > m
}

reach contains [a, b] if {
	some a, next in data.inv.links
	some b in graph.reachable(data.inv.links, next)
}

pci_reach contains [s, e] if {
	some s, row in data.inv.server
	data.inv.project[row[2]][4] == "pci"
	some port in data.inv.ports_of[s]
	some e in graph.reachable(data.inv.links, data.inv.links[port[2]])
	data.inv.network[e][4] == "true"
}

error contains [s, "disabled_project"] if disabled_project_server[[s, _]]

error contains [s, "exposed"] if exposed[[s, _]]

error contains [s, "untagged"] if untagged[s]

error contains [s, "zone_mismatch"] if zone_mismatch[[s, _, _]]

error contains [s, "under_ram"] if under_ram[[s, _, _]]

error contains [s, "foreign_net"] if foreign_net[[s, _]]

error contains [s, "unencrypted"] if unencrypted[[_, s]]

error contains [s, "disabled_owner"] if disabled_owner[[s, _]]

error contains [s, "low_ratio"] if low_ratio[[s, _]]

error contains [s, "pci_reach"] if pci_reach[[s, _]]
