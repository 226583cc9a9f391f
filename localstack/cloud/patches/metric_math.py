"""An alarm on an expression over several metrics fails the whole deployment.

Alarms are recorded here and never ring; such a one is recorded as one on the first of its metrics.
"""

from __future__ import annotations

from typing import Any

from ministack.services.cloudformation import provisioners


def apply() -> None:
    record = provisioners._cw_metric_alarm_record

    def record_first_metric(name: str, props: dict[str, Any]) -> Any:
        watched = [metric["MetricStat"] for metric in props.get("Metrics") or [] if "MetricStat" in metric]
        if watched:
            first = watched[0]
            props = props | first["Metric"] | {"Metrics": None, "Statistic": first["Stat"], "Period": first["Period"]}
        return record(name, props)

    provisioners._cw_metric_alarm_record = record_first_metric
