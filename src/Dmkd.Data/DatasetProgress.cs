namespace Dmkd.Data;

/// <summary>How far a load has come.</summary>
/// <param name="Stage">What is being done, in words.</param>
/// <param name="Done">Images done in this stage.</param>
/// <param name="Total">Images of this stage.</param>
public readonly record struct DatasetProgress(string Stage, long Done, long Total);
