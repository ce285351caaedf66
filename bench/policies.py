"""The rules that are measured, and the policies of tenants.

May import the standard library only.
"""

NONRECURSIVE = """
disabled_project_server(s,p) :- project(p,pn,"false",d,t), server(s,nm,p,u,f,i,h,"ACTIVE",cr)
open_ssh(s,pt,sg) :- sgrule(r,sg,"ingress","tcp",lo,hi,"0.0.0.0/0"), lteq(lo,22), gteq(hi,22),
  port_sg(pt,sg), port(pt,s,n,ip,st), server(s,nm,p,u,f,i,h,"ACTIVE",cr)
exposed(s,sg) :- open_ssh(s,pt,sg), port(pt,s,n,ip,st), network(n,nn,np,sh,"true")
has_zone(s) :- server_tag(s,"zone",z)
untagged(s) :- server(s,nm,p,u,f,i,h,"ACTIVE",cr), not has_zone(s)
zone_mismatch(s,z,hz) :- server_tag(s,"zone",z), server(s,nm,p,u,f,i,h,st,cr),
  host(h,hz,ag), not equal(z,hz)
under_ram(s,f,i) :- server(s,nm,p,u,f,i,h,st,cr), flavor(f,fn,vc,ram,dk),
  image(i,im,os,vis,mr,ist,ow), lt(ram,mr)
foreign_net(s,n) :- server(s,nm,p,u,f,i,h,st,cr), port(pt,s,n,ip,pst),
  network(n,nn,p2,"false",ext), not equal(p,p2)
long_name(s,l) :- server(s,nm,p,u,f,i,h,st,cr), len(nm,l), gt(l,15)
fqdn(s,d) :- disabled_project_server(s,p), server(s,nm,p,u,f,i,h,st,cr), project(p,pn,en,dm,t),
  concat(nm,".",x), concat(x,pn,d)
unencrypted(v,s) :- project(p,pn,en,d,"pci"), server(s,nm,p,u,f,i,h,"ACTIVE",cr),
  volume(v,s,sz,"false",p)
sg_used(sg) :- port_sg(pt,sg)
unused_sg(sg,p) :- secgroup(sg,n,p), not sg_used(sg)
disabled_owner(s,u) :- user(u,un,up,"false"), server(s,nm,p,u,f,i,h,st,cr)
low_ratio(s,m) :- flavor(f,fn,vc,ram,dk), mul(vc,16384,m), gt(ram,m),
  server(s,nm,p,u,f,i,h,"ACTIVE",cr)
error(s,"disabled_project") :- disabled_project_server(s,p)
error(s,"exposed") :- exposed(s,sg)
error(s,"untagged") :- untagged(s)
error(s,"zone_mismatch") :- zone_mismatch(s,z,hz)
error(s,"under_ram") :- under_ram(s,f,i)
error(s,"foreign_net") :- foreign_net(s,n)
error(s,"unencrypted") :- unencrypted(v,s)
error(s,"disabled_owner") :- disabled_owner(s,u)
error(s,"low_ratio") :- low_ratio(s,m)
"""

RECURSIVE = """
reach(a,b) :- link(a,b)
reach(a,c) :- reach(a,b), link(b,c)
pci_reach(s,e) :- project(p,pn,en,d,"pci"), server(s,nm,p,u,f,i,h,st,cr), port(pt,s,a,ip,pst),
  reach(a,e), network(e,nn,np,sh,"true")
error(s,"pci_reach") :- pci_reach(s,e)
"""

FULL = NONRECURSIVE + RECURSIVE


def tenant(number: int, projects: int, source: str = "") -> str:
    """The rules of one tenant's policy.

    :param source: put before the names of the cloud's tables.
    """
    project, zone, least = f"p{number % projects:07d}", f"az{number % 8}", 2 ** (number % 5)
    n = number
    return f"""
a_{n}(s,nm,f) :- {source}server(s,nm,"{project}",u,f,im,h,"ACTIVE",cr)
tg_{n}(s) :- a_{n}(s,nm,f), {source}server_tag(s,"zone","{zone}")
b_{n}(s,f) :- a_{n}(s,nm,f), {source}flavor(f,fn,vc,ram,dk), gt(vc,{least})
c_{n}(s) :- a_{n}(s,nm,f), not tg_{n}(s)
err_{n}(s,f) :- c_{n}(s), b_{n}(s,f)
"""


def extra(number: int, projects: int) -> str:
    """One more rule, for the cloud's policy."""
    project = f"p{number % projects:07d}"
    return f'more_{number}(s,nm) :- server(s,nm,"{project}",u,f,im,h,"ACTIVE",cr)'
