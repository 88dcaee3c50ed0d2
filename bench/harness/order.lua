-- What wrk posts to order-service.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"productId": "espresso", "quantity": 2, "price": "12.50", "currency": "EUR", "customerId": "c-1"}'
