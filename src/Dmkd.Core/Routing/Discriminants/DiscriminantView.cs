namespace Dmkd.Core.Routing.Discriminants;

/// <summary>An expert's discriminant and a batch.</summary>
/// <param name="Own">The classes of the expert's outputs.</param>
/// <param name="Known">The classes that its discriminant knows.</param>
/// <param name="Scores">ln p(c | f) up to a constant per input, shape [batch, known classes], row-major.</param>
public sealed record DiscriminantView(IReadOnlyList<int> Own, IReadOnlyList<int> Known, double[] Scores);
