"""Code that several rules recommend."""


def alarm(
    name: str,
    namespace: str,
    metric: str,
    dimension: str,
    value: str,
    *,
    statistic: str = "Sum",
    limit: int = 0,
) -> str:
    """Return an alarm that tells a topic when *metric* of one resource exceeds *limit* for a minute."""
    return (
        "aws.cloudwatch.MetricAlarm(\n"
        f'    "{name}", namespace="{namespace}",\n'
        f'    metric_name="{metric}", dimensions={{"{dimension}": {value}}},\n'
        f'    statistic="{statistic}", period=60, evaluation_periods=1,\n'
        f'    comparison_operator="GreaterThanThreshold", threshold={limit}, alarm_actions=[topic.arn],\n'
        ")"
    )
