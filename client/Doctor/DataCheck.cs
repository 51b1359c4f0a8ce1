using Dmkd.Contracts.Runs;
using Dmkd.Data;
using Dmkd.Grains.Data;

namespace Dmkd.Client.Doctor;

/// <summary>Whether a data set can be read, found out by reading a few of its images.</summary>
/// <param name="Kind">As <c>--data</c> names it.</param>
/// <param name="Path">Its folder or file; null for images that the program draws.</param>
/// <param name="Classes">How many it has; 0 when it cannot be read.</param>
/// <param name="Problem">Why it cannot be read; null when it can.</param>
internal sealed record DataCheck(string Kind, string? Path, int Classes, string? Problem)
{
    private const int TrainingImages = 2, TestImages = 1; // of each class, the fewest that readers take

    public static DataCheck Look(DataSource source, CancellationToken cancellationToken)
    {
        var few = DatasetCache.SpecOf(source) with { TrainPerClass = TrainingImages, TestPerClass = TestImages };
        try
        {
            int classes = DatasetLoader.Load(few, ct: cancellationToken).ClassNames.Count;
            return new DataCheck(source.Kind, source.Path, classes, null);
        }
        catch (Exception e) when (e is DatasetException or IOException or UnauthorizedAccessException)
        {
            return new DataCheck(source.Kind, source.Path, 0, e.Message);
        }
    }
}
