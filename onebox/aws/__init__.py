"""The cloud on this machine: the packaged functions, and stand-ins that speak the wire protocols of what they call.

`make up STACK=aws` runs it. `host` is Lambda's side of a function, `gateway` is API Gateway's and EventBridge's; SES,
SSM and Lambda's own API are served by `__main__`, CodeBuild by `onebox.codebuild`, DynamoDB by AWS's DynamoDB Local.
Everything is read out of the packaged template, so what a deployment would get is what is tried here.
"""
