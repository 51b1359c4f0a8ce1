namespace Dmkd.Client.Tests.Running;

/// <summary>Real data and real checkpoints, which are not part of the repository.</summary>
internal static class SharedFiles
{
    /// <summary>A ResNet-20 for CIFAR-10, as PyTorch's old pickle.</summary>
    public static string ResNet20 => Find("checkpoints/resnet20-12fca82f.th");

    /// <summary>CIFAR-10 as class folders of JPEG files.</summary>
    public static string CifarImages => Find("data/cifar10-images.zip");

    private static string Find(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string path = Path.Combine(folder.FullName, "shared", name);
            if (File.Exists(path))
                return path;
        }

        Assert.Skip($"shared/{name} is not beside the repository.");
        return "";
    }
}
