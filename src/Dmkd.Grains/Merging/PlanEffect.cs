namespace Dmkd.Grains.Merging;

/// <summary>What a plan does to a coordinator.</summary>
internal enum PlanEffect
{
    /// <summary>Nothing: a repeat.</summary>
    None,

    /// <summary>A new round, with nothing accepted yet.</summary>
    Opens,

    /// <summary>The current round collects on until a new deadline; what was accepted counts.</summary>
    Extends,
}
