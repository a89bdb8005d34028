"""The process that answers HTTP on one machine and ticks: API Gateway, EventBridge and Lambda in one."""
