namespace Dmkd.Grains.Merging;

/// <summary>What the passing of time does to a collection.</summary>
internal enum DeadlineEffect
{
    /// <summary>Nothing yet.</summary>
    None,

    /// <summary>It ends with whoever has submitted.</summary>
    Closes,

    /// <summary>The round fails: too few have submitted.</summary>
    Fails,
}
