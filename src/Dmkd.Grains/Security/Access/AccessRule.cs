namespace Dmkd.Grains.Security.Access;

/// <summary>Who may make a call.</summary>
/// <param name="Roles">Clients that may; silos may everything.</param>
/// <param name="Changes">Whether it changes something, and is therefore recorded.</param>
/// <param name="NodeOf">For calls that a node makes for itself: the node that the arguments name.</param>
internal sealed record AccessRule(IReadOnlyList<AccessRole> Roles, bool Changes, Func<Func<int, object?>, string?>? NodeOf = null);
