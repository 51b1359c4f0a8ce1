using Dmkd.Data.Images;

namespace Dmkd.Data.Tests;

/// <summary>Loading as the tests do it: a test run that is stopped stops the load.</summary>
internal static class Datasets
{
    public static ImageDataset Load(DatasetSpec spec, IProgress<DatasetProgress>? progress = null) =>
        DatasetLoader.Load(spec, progress, TestContext.Current.CancellationToken);
}
