namespace Dmkd.Client;

/// <summary>Turns a refusal of the user's own words into bad input.</summary>
internal static class Bad
{
    /// <summary>The value, or bad input with the refusal's words; the name of a C# parameter is not for users.</summary>
    public static T InputUnless<T>(Func<T> value)
    {
        try
        {
            return value();
        }
        catch (ArgumentException e)
        {
            throw new BadInputException(e.Message.Replace($" (Parameter '{e.ParamName}')", "", StringComparison.Ordinal));
        }
    }
}
