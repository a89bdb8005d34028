"""What is sold, where, for how much: `market.json` as the API shows it.

Prices in the file are EUR net a month; the hourly price is a month divided by the hours in the cap, and
gross prices add the VAT.
"""

import json
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from hetzner_emulator.clock import parse_iso

Json = dict[str, Any]
_FILE = Path(__file__).with_name("market.json")
_TB = 1024**4


class Market:
    """The catalogue, rendered once; `stock` changes what is available."""

    def __init__(self, file: Path = _FILE) -> None:
        self._data: Json = json.loads(file.read_text(encoding="utf-8"))
        self._raw_types = {entry["name"]: entry for entry in self._data["server_types"]}
        self.locations = {entry["name"]: _location(entry) for entry in self._data["locations"]}
        self._open = {entry["name"]: entry["open"] for entry in self._data["locations"]}
        self.images = {entry["id"]: _system_image(entry) for entry in self._data["images"]}
        self.types = {entry["name"]: self._type(entry) for entry in self._data["server_types"]}

    def find_type(self, ident: object) -> Json | None:
        """Return the server type with that id or name."""
        return _find(self.types, ident)

    def find_location(self, ident: object) -> Json | None:
        """Return the location with that id or name."""
        return _find(self.locations, ident)

    def is_open(self, location: str) -> bool:
        """Tell whether the location takes new servers at all."""
        return bool(self._open[location])

    def sold(self, server_type: str, location: str) -> Json | None:
        """Return the entry of `locations[]` for a type, None where it is not sold."""
        return next((e for e in self.types[server_type]["locations"] if e["name"] == location), None)

    def set_stock(self, stock: dict[str, dict[str, bool]]) -> None:
        """Change availability: type name → location name → available."""
        for server_type, places in stock.items():
            for entry in self.types[server_type]["locations"]:
                if entry["name"] in places:
                    entry["available"] = places[entry["name"]]
                    self._open[entry["name"]] = self._open[entry["name"]] or places[entry["name"]]

    def prices(self, server_type: str, location: str) -> tuple[Decimal, Decimal]:
        """Return EUR net per hour and per month."""
        monthly = Decimal(self._raw_types[server_type]["sold"][location]["monthly"])
        return self._hourly(monthly), monthly

    def ipv4_prices(self) -> tuple[Decimal, Decimal]:
        """Return EUR net per hour and per month of one IPv4 address."""
        monthly = Decimal(self._data["primary_ipv4_monthly"])
        return self._hourly(monthly), monthly

    @cached_property
    def pricing(self) -> Json:
        """The answer of `/pricing`."""
        ipv4 = Decimal(self._data["primary_ipv4_monthly"])
        snapshot = self._price(Decimal(self._data["snapshot_gb_monthly"]))
        return {
            "currency": self._data["currency"],
            "vat_rate": self._data["vat_rate"],
            "image": {"price_per_gb_month": snapshot},
            "volume": {"price_per_gb_month": self._price(Decimal("0.0484"))},
            "server_backup": {"percentage": "20.00"},
            "floating_ip": {"price_monthly": self._price(Decimal("3.00"))},
            "floating_ips": [],
            "load_balancer_types": [],
            "primary_ips": [
                {"type": kind, "prices": [self._ip_price(name, price) for name in self.locations]}
                for kind, price in (("ipv4", ipv4), ("ipv6", Decimal(0)))
            ],
            "server_types": [{"id": t["id"], "name": t["name"], "prices": t["prices"]} for t in self.types.values()],
        }

    def _ip_price(self, location: str, monthly: Decimal) -> Json:
        hourly = self._price(self._hourly(monthly))
        return {"location": location, "price_hourly": hourly, "price_monthly": self._price(monthly)}

    def _hourly(self, monthly: Decimal) -> Decimal:
        exact = monthly / Decimal(self._data["hours_in_month"])
        return exact.quantize(Decimal("0.0001"), ROUND_HALF_UP)

    def _price(self, net: Decimal) -> dict[str, str]:
        gross = net * (1 + Decimal(self._data["vat_rate"]) / 100)
        return {"net": f"{net:.10f}", "gross": f"{gross:.16f}"}

    def _type(self, raw: Json) -> Json:
        sold = raw["sold"]
        places = [self._sold_at(name, entry) for name, entry in sold.items()]
        gone = [place["deprecation"] for place in places]
        everywhere = gone[0] if all(gone) else None
        plain = {key: raw[key] for key in ("id", "name", "cores", "disk", "cpu_type", "architecture", "category")}
        return plain | {
            "description": raw["name"].upper(),
            "memory": float(raw["memory"]),
            "storage_type": "local",
            "deprecated": everywhere is not None,
            "deprecation": everywhere,
            "prices": [self._price_at(name, Decimal(entry["monthly"])) for name, entry in sold.items()],
            "locations": places,
        }

    def _sold_at(self, name: str, entry: Json) -> Json:
        return {
            "id": self.locations[name]["id"],
            "name": name,
            "available": entry["available"] and self._open[name],
            "recommended": entry["recommended"],
            "deprecation": entry.get("deprecation"),
        }

    def _price_at(self, location: str, monthly: Decimal) -> Json:
        zone = self.locations[location]["network_zone"]
        return self._ip_price(location, monthly) | {
            "included_traffic": self._data["included_traffic_tb"][zone] * _TB,
            "price_per_tb_traffic": self._price(Decimal(self._data["traffic_tb"])),
        }


def is_over(deprecation: Json | None, now: float) -> bool:
    """Tell whether a deprecated thing can no longer be bought."""
    return deprecation is not None and parse_iso(deprecation["unavailable_after"]) <= now


def _find(table: dict[str, Json], ident: object) -> Json | None:
    if isinstance(ident, str) and ident in table:
        return table[ident]
    return next((each for each in table.values() if str(each["id"]) == str(ident)), None)


def _location(raw: Json) -> Json:
    return {key: value for key, value in raw.items() if key != "open"}


def _system_image(raw: Json) -> Json:
    return raw | {
        "type": "system",
        "status": "available",
        "image_size": None,
        "disk_size": 5,
        "created_from": None,
        "bound_to": None,
        "rapid_deploy": True,
        "protection": {"delete": False},
        "deleted": None,
        "labels": {},
    }
