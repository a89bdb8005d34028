"""What all adapters of AWS's services share: how a service is asked, and what its refusals mean. It knows no port."""
