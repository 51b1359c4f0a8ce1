namespace Dmkd.Client;

/// <summary>Turns a refusal of the user's own words into bad input.</summary>
internal static class Bad
{
    /// <summary>The value, or bad input with the refusal's first line.</summary>
    public static T InputUnless<T>(Func<T> value)
    {
        try
        {
            return value();
        }
        catch (ArgumentException e)
        {
            throw new BadInputException(e.Message);
        }
    }
}
