namespace Dmkd.Grains.Security.Audit;

/// <summary>A call of a client that changes something, or that nobody knows.</summary>
/// <param name="At">When it came.</param>
/// <param name="Caller">Whose certificate it came with; <c>unknown</c> when it had none that counts.</param>
/// <param name="Role">The certificate's role; <c>none</c> then.</param>
/// <param name="Grain">The grain interface.</param>
/// <param name="Method">The method.</param>
/// <param name="Key">The grain's key.</param>
/// <param name="IsAllowed">Whether it was let through; what then became of it is the grain's matter.</param>
/// <param name="Reason">Why it was refused; null when it was not.</param>
public sealed record AuditEntry(DateTimeOffset At, string Caller, string Role, string Grain, string Method, string Key, bool IsAllowed, string? Reason);
