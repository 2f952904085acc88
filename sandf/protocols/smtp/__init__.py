"""protocols/smtp"""
