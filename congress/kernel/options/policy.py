"""Options of policy: its engine and its library.

May import oslo.config only.
"""

from oslo_config import cfg

DEFAULT = (
    cfg.BoolOpt(
        "replicated_policy_engine",
        default=False,
        help="Several policy engines run side by side. Congress is always ready for that; "
        "if this is set, a storage backend that only one node can use is refused.",
    ),
    cfg.StrOpt(
        "policy_library_path",
        default="/etc/congress/library",
        help="Folder of policies that are offered in the policy library, as YAML files; it "
        "need not exist. A policy there takes the place of one of its name that comes with "
        "Congress. The files are read when the server starts and when they change.",
    ),
    cfg.BoolOpt(
        "shipped_policies",
        default=True,
        help="Offer the policies that come with Congress in the policy library.",
    ),
)
