"""The process that answers HTTP and ticks in front of the packaged functions: API Gateway and EventBridge.

It takes its server, its own rooms and its ticker from `onebox.gateway`, and calls the functions through their hosts.
"""
